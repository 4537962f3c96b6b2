import { Module } from '@nestjs/common';
import { AuthenticationModule } from '../auth/authentication.module.js';
import { AdminController } from './admin.controller.js';
import { AdminService } from './admin.service.js';
import { StaffGuard } from './staff.guard.js';

/**
 * HTTP for staff. Import it beside `AuthModule.forRoot()`.
 *
 * @publicApi
 */
@Module({
  imports: [AuthenticationModule],
  controllers: [AdminController],
  providers: [AdminService, StaffGuard],
  exports: [AdminService, StaffGuard],
})
export class AdminModule {}
